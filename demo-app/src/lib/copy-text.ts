/**
 * Copies a text to the clipboard. If the browser refuses (pages without TLS on another host), selects
 * the element with the text instead.
 *
 * @returns whether the text was copied
 */
export async function copyText(text: string, shownIn: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shownIn);
    return false;
  }
}
