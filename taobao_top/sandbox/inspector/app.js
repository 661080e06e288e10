// Which app the page is about: the one that its address names, or the latest.
import { ask } from './elements.js';

let appKey = new URLSearchParams(location.search).get('app_key');

export const pinned = () => appKey;
export function pin(found) { appKey = found; }

export const addressOf = (key) => `/_sandbox/?app_key=${encodeURIComponent(key)}`;

// Ask the sandbox about this app; the controls take JSON only.
export function inquire(path, method = 'GET', content = undefined) {
  const mark = path.includes('?') ? '&' : '?';
  const where = appKey === null ? path : `${path}${mark}app_key=${encodeURIComponent(appKey)}`;
  return ask(where, method, method === 'GET' ? undefined : content ?? {});
}
