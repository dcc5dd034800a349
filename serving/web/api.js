/** The one place that speaks to the API. */

const ROOT = new URL("../v1", import.meta.url).href;
const TIMEOUT_MS = 10_000;
const REOPEN_MS = 5_000;
const REMEMBERED = 40;
const PAGE = 1000;

const remembered = new Map();

/** What the API refused, in its own words. */
export class Refusal extends Error {
  constructor(problem) {
    super([problem.title, problem.detail, problem.remedy].filter(Boolean).join(" · "));
  }
}

function remember(address, answer, body) {
  const tag = answer.headers.get("ETag");
  if (!tag) return;
  remembered.delete(address);
  remembered.set(address, { tag, body });
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value);
}

/**
 * Read one resource. The same object comes back as long as the API says that nothing changed.
 * Throws a Refusal for an error that the API explains, a TypeError or TimeoutError where it cannot be reached.
 */
export async function read(path, parameters = {}) {
  const address = `${ROOT}${path}?${new URLSearchParams(parameters)}`;
  const before = remembered.get(address);
  const headers = before ? { "If-None-Match": before.tag } : {};
  const answer = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.status === 304) return before.body;
  const body = await answer.json().catch(() => ({ title: `HTTP ${answer.status}` }));
  if (!answer.ok) throw new Refusal(body);
  remember(address, answer, body);
  return body;
}

/** Read a list to its end, page by page. */
export async function readAll(path, parameters = {}) {
  const items = [];
  for (let cursor = null; cursor !== undefined; ) {
    const page = await read(path, { ...parameters, limit: PAGE, ...(cursor && { cursor }) });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  }
  return items;
}

/** Follow server-sent events for good: a lost connection is told, and opened again. */
export function follow(path, name, { told, opened, lost }) {
  const source = new EventSource(ROOT + path);
  source.addEventListener(name, (message) => told(JSON.parse(message.data)));
  source.addEventListener("open", opened);
  source.addEventListener("error", () => {
    lost();
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => follow(path, name, { told, opened, lost }), REOPEN_MS);
  });
}
