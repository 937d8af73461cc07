import { run } from './run.ts';
import { systemShell } from './shell.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `sluice subscribe … | head` closes the pipe when it has enough.
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const code = await run(process.argv.slice(2), systemShell);
process.exitCode = code;
// Ends by itself when nothing is left to do; this is for what a library may have left open.
setTimeout(() => process.exit(code), 1000).unref();
