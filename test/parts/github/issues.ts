import { invalid, notFound, Refusal } from "./answer.ts";
import { type ApiRequest, type Emulated, type Handlers, numberParam, optionalText, textOf } from "./handlers.ts";
import { page } from "./paging.ts";
import { type Issue, newIssue, now, type Pull } from "./state.ts";

const longestBody = 65_536;
const longestTitle = 256;

/** Issues, their comments and labels. A pull request is an issue here, as on GitHub. */
export function issueHandlers({ state, shapes }: Emulated): Handlers {
  const isPull = (issue: Issue): issue is Pull => "head" in issue;
  const shape = (issue: Issue) => (isPull(issue) ? shapes.pullAsIssue(issue) : shapes.issue(issue));
  const find = (request: ApiRequest): Issue => {
    const number = numberParam(request, "issue_number");
    const found = [...state.issues, ...state.pulls].find((issue) => issue.number === number);
    if (!found) throw notFound();
    return found;
  };
  const findComment = (request: ApiRequest) => {
    const id = numberParam(request, "comment_id");
    const found = state.comments.find((comment) => comment.id === id);
    if (!found) throw notFound();
    return found;
  };
  const addLabels = (names: readonly string[]) => {
    for (const name of names) {
      const isKnown = state.labels.some((label) => label.name === name);
      if (!isKnown) state.labels.push({ name, color: "ededed", description: null });
    }
  };

  return {
    "issues/list-for-repo": (request) => {
      const query = request.url.searchParams;
      const wanted = query.get("state") ?? "open";
      const labels = query.get("labels")?.split(",") ?? [];
      const creator = query.get("creator");
      const found = [...state.issues, ...state.pulls]
        .filter((issue) => wanted === "all" || issue.state === wanted)
        .filter((issue) => labels.every((label) => issue.labels.includes(label)))
        .filter((issue) => creator === null || issue.user.login === creator)
        .sort((one, other) => other.number - one.number);
      return page((query.get("direction") === "asc" ? found.reverse() : found).map(shape), request);
    },
    "issues/get": (request) => ({ status: 200, body: shape(find(request)) }),
    "issues/create": (request) => {
      const title = String(request.body["title"]);
      checkTitle(title, "Issue");
      checkBody(optionalText(request, "body"), "Issue");
      const labels = labelNames(request);
      addLabels(labels);
      const body = optionalText(request, "body");
      const issue = newIssue(state, { title, body, user: request.caller.account, labels });
      state.issues.push(issue);
      return { status: 201, body: shapes.issue(issue) };
    },
    "issues/update": (request) => {
      const issue = find(request);
      checkBody(optionalText(request, "body"), "Issue");
      const wanted = optionalText(request, "state");
      issue.title = optionalText(request, "title") ?? issue.title;
      issue.body = optionalText(request, "body") ?? issue.body;
      if (wanted === "open" || wanted === "closed") {
        issue.state = wanted;
        issue.closedAt = wanted === "closed" ? now() : null;
        issue.stateReason = wanted === "closed" ? (optionalText(request, "state_reason") ?? "completed") : "reopened";
      }
      if (request.body["labels"]) {
        issue.labels = labelNames(request);
        addLabels(issue.labels);
      }
      issue.updatedAt = now();
      return { status: 200, body: shape(issue) };
    },
    "issues/add-labels": (request) => {
      const issue = find(request);
      const labels = labelNames(request);
      addLabels(labels);
      issue.labels = [...new Set([...issue.labels, ...labels])];
      return { status: 200, body: issue.labels.map(shapes.label) };
    },
    "issues/list-labels-for-repo": (request) =>
      page(
        state.labels.map(({ name }) => shapes.label(name)),
        request,
      ),
    "issues/get-label": ({ params }) => {
      const found = state.labels.find(({ name }) => name === params["name"]);
      if (!found) throw notFound();
      return { status: 200, body: shapes.label(found.name) };
    },
    "issues/create-label": (request) => {
      const name = textOf(request, "name");
      const description = optionalText(request, "description") ?? null;
      if (state.labels.some((label) => label.name.toLowerCase() === name.toLowerCase())) {
        throw invalid("Label", { code: "already_exists", field: "name" });
      }
      if ((description?.length ?? 0) > 100) {
        const message = "description is too long (maximum is 100 characters)";
        throw invalid("Label", { code: "custom", field: "description", message });
      }
      state.labels.push({ name, description, color: optionalText(request, "color") ?? "ededed" });
      return { status: 201, body: shapes.label(name) };
    },
    "issues/list-comments": (request) => {
      const { number } = find(request);
      return page(state.comments.filter(({ issue }) => issue === number).map(shapes.comment), request);
    },
    "issues/create-comment": (request) => {
      const { number } = find(request);
      const body = textOf(request, "body");
      checkBody(body, "IssueComment");
      if (body.trim() === "") {
        const message = "Body cannot be blank";
        throw invalid("IssueComment", { code: "unprocessable", field: "data", message });
      }
      const at = now();
      const id = state.nextId++;
      const comment = { id, issue: number, body, user: request.caller.account, createdAt: at, updatedAt: at };
      state.comments.push(comment);
      return { status: 201, body: shapes.comment(comment) };
    },
    "issues/update-comment": (request) => {
      const comment = findComment(request);
      const body = textOf(request, "body");
      checkBody(body, "IssueComment");
      comment.body = body;
      comment.updatedAt = now();
      return { status: 200, body: shapes.comment(comment) };
    },
    "issues/delete-comment": (request) => {
      state.comments.splice(state.comments.indexOf(findComment(request)), 1);
      return { status: 204 };
    },
  };
}

/** Refuses a body that is longer than GitHub stores. */
export function checkBody(body: string | undefined, resource: string): void {
  if (body === undefined || body.length <= longestBody) return;
  const message = `Body is too long (maximum is ${longestBody} characters)`;
  const field = resource === "IssueComment" ? "data" : "body";
  throw invalid(resource, { code: resource === "IssueComment" ? "unprocessable" : "custom", field, message });
}

/** Refuses a title that is empty or longer than GitHub stores. */
export function checkTitle(title: string, resource: string): void {
  if (title.trim() === "") throw invalid(resource, { code: "missing_field", field: "title" });
  if (title.length <= longestTitle) return;
  const message = `title is too long (maximum is ${longestTitle} characters)`;
  throw invalid(resource, { code: "custom", field: "title", message });
}

function labelNames(request: ApiRequest): string[] {
  const labels = request.body["labels"];
  if (!Array.isArray(labels)) return [];
  const names = labels.map((label) => (typeof label === "string" ? label : String(label.name)));
  if (names.some((name) => name.length > 50)) throw new Refusal(422, "Validation Failed");
  return names;
}
