import { open, rename } from 'node:fs/promises';
import { PRIVATE_FILE } from './private-files.ts';

/** Writes the whole file or nothing, even if the machine crashes. */
export async function writeDurably(folder: string, file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', PRIVATE_FILE);
  await handle.writeFile(text);
  await handle.sync();
  await handle.close();
  await rename(`${file}.new`, file);
  await syncFolder(folder);
}

/** Makes sure that the names of new files survive a crash of the machine. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
