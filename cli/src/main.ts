import { run } from './run.ts';
import { systemShell } from './shell.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `sluice subscribe … | head` closes the pipe when it has read enough.
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const code = await run(process.argv.slice(2), systemShell);
process.exitCode = code;
// The process exits by itself when no work is left. This covers handles that a library has left
// open.
setTimeout(() => process.exit(code), 1000).unref();
