// The API reference, generated from the doc comments of the built packages: one page per entry.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Comment, ReflectionKind } from 'typedoc';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * The public entries, in the order of the overview: the built types, and the source, whose first
 * comment introduces the page.
 */
const ENTRIES = [
  { name: '@sluice/client', types: 'client-sdk/dist/index.d.ts', source: 'client-sdk/src/index.ts' },
  { name: '@sluice/client/contracts', types: 'client-sdk/dist/contracts.d.ts', source: 'client-sdk/src/contracts.ts' },
  { name: '@sluice/client/svelte', types: 'client-sdk/dist/svelte.d.ts', source: 'client-sdk/src/svelte/index.ts' },
  { name: '@sluice/client/react', types: 'client-sdk/dist/react.d.ts', source: 'client-sdk/src/react/index.ts' },
  { name: '@sluice/client/stores', types: 'client-sdk/dist/stores.d.ts', source: 'client-sdk/src/stores/index.ts' },
  { name: '@sluice/client/queues', types: 'client-sdk/dist/queues.d.ts', source: 'client-sdk/src/queues/index.ts' },
  {
    name: '@sluice/client/requests',
    types: 'client-sdk/dist/requests.d.ts',
    source: 'client-sdk/src/requests/index.ts',
  },
  {
    name: '@sluice/client/schedules',
    types: 'client-sdk/dist/schedules.d.ts',
    source: 'client-sdk/src/schedules/index.ts',
  },
  {
    name: '@sluice/client/server-subscriptions',
    types: 'client-sdk/dist/server-subscriptions.d.ts',
    source: 'client-sdk/src/server-subscriptions/index.ts',
  },
  { name: '@sluice/client/outbox', types: 'client-sdk/dist/outbox.d.ts', source: 'client-sdk/src/outbox/index.ts' },
  { name: '@sluice/client/msgpack', types: 'client-sdk/dist/msgpack.d.ts', source: 'client-sdk/src/msgpack.ts' },
  {
    name: '@sluice/client/devtools',
    types: 'client-sdk/dist/devtools.d.ts',
    source: 'client-sdk/src/devtools/index.ts',
  },
  { name: '@sluice/client/tracing', types: 'client-sdk/dist/tracing.d.ts', source: 'client-sdk/src/tracing/index.ts' },
  {
    name: '@sluice/client/testing',
    types: 'client-sdk/dist/testing.d.ts',
    source: 'client-sdk/src/testing/testing.ts',
  },
  { name: '@sluice/server', types: 'server/dist/index.d.ts', source: 'server/src/index.ts' },
  { name: '@sluice/server/contracts', types: 'server/dist/contracts.d.ts', source: 'server/src/contracts.ts' },
  { name: '@sluice/server/testing', types: 'server/dist/testing/index.d.ts', source: 'server/src/testing/index.ts' },
  { name: '@sluice/playwright', types: 'playwright/dist/index.d.ts', source: 'playwright/src/index.ts' },
  { name: '@sluice/backend', types: 'backend/dist/index.d.ts', source: 'backend/src/index.ts' },
];

const OPTIONS = {
  tsconfig: at('scripts/tsconfig.api.json'),
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  // A line's number changes with every edit.
  disableSources: true,
  skipErrorChecking: true,
  // Members inherited from built-in classes.
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  sort: ['source-order'],
  groupOrder: [
    ...['Functions', 'Classes', 'Variables', 'Interfaces', 'Type Aliases'],
    ...['Constructors', 'Properties', 'Accessors', 'Methods', '*'],
  ],
  hidePageHeader: true,
  hideBreadcrumbs: true,
  outputFileStrategy: 'modules',
  flattenOutputFiles: true,
  excludeScopesInPaths: true,
  expandParameters: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  propertyMembersFormat: 'table',
  tableColumnSettings: { hideInherited: true, hideOverrides: true, hideModifiers: true, leftAlignHeaders: true },
  logLevel: 'Error',
};

/** The introduction of a file, before its first tag. @param {string} source */
function introduction(source) {
  const comment =
    /^(?:'use client';\s+)?\/\*\*([\s\S]*?)@packageDocumentation/.exec(readFileSync(at(source), 'utf8'))?.[1] ?? '';
  const text = comment.replace(/^\s*\* ?/gm, '');
  return text.split(/^@/m)[0]?.trim() ?? '';
}

async function convert() {
  const missing = ENTRIES.filter(({ types }) => !existsSync(at(types)));
  if (missing.length > 0) throw new Error(`${missing[0]?.types} is missing: run "npm run build" first.`);
  const entryPoints = ENTRIES.map(({ types }) => at(types));
  const app = await Application.bootstrapWithPlugins(/** @type {any} */ ({ ...OPTIONS, entryPoints }));
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the packages.');
  for (const module of project.children ?? []) {
    const entry = ENTRIES.find(({ types }) => types.replace(/(\/index)?\.d\.ts$/, '') === module.name);
    if (entry === undefined) throw new Error(`There is no entry for ${module.name}.`);
    module.name = entry.name;
    module.comment = new Comment([{ kind: 'text', text: introduction(entry.source) }]);
  }
  return { app, project };
}

/** Sections that are omitted: they repeat the signature above, or name other declarations of a method. */
function shorten(/** @type {string} */ page) {
  // The compiler's name for a destructured parameter.
  const sections = page.replaceAll('__namedParameters', 'options').split(/^(?=#+ |\*\*\*$)/m);
  return sections
    .filter((section) => {
      const [heading = '', ...body] = section.trim().split('\n');
      const title = heading.replace(/^#+ /, '');
      if (['Inherited from', 'Overrides', 'Implementation of'].includes(title)) return false;
      const paragraphs = body.join('\n').trim().split('\n\n').length;
      if (title === 'Returns') return paragraphs > 1;
      if (title === 'Parameters') return body.join('\n').includes('| Description |');
      return true;
    })
    .join('');
}

/**
 * Removes anchors without links: they are numbered, so that a new one at the top would change all
 * below.
 *
 * @param {string} file @param {string} page
 * @param {string} all the text of all pages
 */
function withoutIdleAnchors(file, page, all) {
  return page.replace(/<a id="([^"]+)"><\/a> ?/g, (anchor, id) =>
    page.includes(`](#${id})`) || all.includes(`](${file}#${id})`) ? anchor : '',
  );
}

/** @param {string} name of an entry */
const pageName = (name) => `${name.replace('@sluice/', '').replace('/', '.')}.md`;

function overview() {
  const rows = ENTRIES.map(
    ({ name, source }) => `| [${name}](${pageName(name)}) | ${introduction(source).split('\n').join(' ')} |`,
  );
  return `# API reference

Generated from the doc comments in the code. The [guides](../../README.md#documentation) explain how to use it.

| entry | |
| --- | --- |
${rows.join('\n')}
`;
}

/**
 * What has no description: name of the entry and of the export.
 * @param {import('typedoc').ProjectReflection} project
 */
function undocumented(project) {
  return (project.children ?? []).flatMap((module) => {
    const exports = module.getChildrenByKind(ReflectionKind.All & ~ReflectionKind.Reference);
    const entry = module.hasComment() ? [] : [`${module.name} has no introduction`];
    return [...entry, ...exports.flatMap((item) => complaints(item, `${module.name}: ${item.name}`))];
  });
}

/** @param {import('typedoc').DeclarationReflection} item @param {string} name */
function complaints(item, name) {
  const comments = [item.comment, ...(item.signatures ?? []).map(({ comment }) => comment)];
  const isFunction = item.kindOf(ReflectionKind.Function);
  return [
    ...(comments.some((comment) => comment?.hasVisibleComponent()) ? [] : [`${name} has no doc comment`]),
    ...(isFunction && !comments.some((comment) => comment?.getTag('@example')) ? [`${name} has no @example`] : []),
  ];
}

/**
 * Every page of the reference by its file name, and the public API without doc comments, or
 * functions without examples.
 */
export async function apiReference() {
  const { app, project } = await convert();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-api-'));
  try {
    await app.outputs.writeOutput({ name: 'markdown', path: folder }, project);
    const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md');
    const pages = files.sort().map((file) => ({ file, page: shorten(readFileSync(join(folder, file), 'utf8')) }));
    const all = pages.map(({ page }) => page).join('');
    const clean = pages.map(({ file, page }) => [file, withoutIdleAnchors(file, page, all)]);
    return { pages: { 'README.md': overview(), ...Object.fromEntries(clean) }, undocumented: undocumented(project) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
