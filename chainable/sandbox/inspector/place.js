// The address of what is shown, behind the #: back, forward, reload and a colleague find it again.
let arrive = async () => {};

// Half a character has no address.
const written = (segment) => encodeURIComponent(String(segment).replace(/[\ud800-\udfff]/gu, '\ufffd'));
const read = (segment) => { try { return decodeURIComponent(segment); } catch { return segment; } };

export const address = (...segments) => `#${segments.map(written).join('/')}`;
export const place = () => location.hash.slice(1).split('/').map(read);
export const onArrival = (deed) => { arrive = deed; addEventListener('popstate', deed); };

// Show another place; the history gets an entry unless it is the same one.
export async function go(...segments) {
  if (location.hash !== address(...segments)) history.pushState(null, '', address(...segments));
  await arrive();
}

// Give the place that is shown another address.
export const rename = (...segments) => history.replaceState(null, '', address(...segments));
