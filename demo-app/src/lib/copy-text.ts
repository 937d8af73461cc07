/**
 * Copies a text to the clipboard. Where the browser refuses (pages without TLS on another host), the element that shows
 * the text is selected instead.
 *
 * @returns whether it was copied
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
