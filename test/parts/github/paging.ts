import type { Answer } from "./answer.ts";

const defaultPerPage = 30;
const mostPerPage = 100;

/** The part of `all` that the query's `page` and `per_page` ask for, with the Link header that leads to the others. */
export function paged<T>(all: readonly T[], request: { url: URL }): { items: T[]; headers: Record<string, string> } {
  const { url } = request;
  const perPage = Math.min(mostPerPage, Number(url.searchParams.get("per_page")) || defaultPerPage);
  const page = Math.max(1, Number(url.searchParams.get("page")) || 1);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const items = all.slice((page - 1) * perPage, page * perPage);
  const relations = [
    ...(page > 1 ? [["prev", Math.min(page - 1, last)] as const] : []),
    ...(page < last ? [["next", page + 1] as const, ["last", last] as const] : []),
    ...(page > 1 ? [["first", 1] as const] : []),
  ];
  const links = relations.map(([relation, number]) => {
    const other = new URL(url);
    other.searchParams.set("page", String(number));
    return `<${other}>; rel="${relation}"`;
  });
  return { items, headers: links.length > 0 ? { link: links.join(", ") } : {} };
}

/** A page as the answer's body. */
export function page(all: readonly unknown[], request: { url: URL }): Answer {
  const { items, headers } = paged(all, request);
  return { status: 200, body: items, headers };
}
