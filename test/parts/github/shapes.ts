import type { CommitFacts } from "./bare-repository.ts";
import type { Account, Comment, Deployment, DeploymentStatus, Issue, Pull, Runner, State, Status } from "./state.ts";

/** What REST answers say of the emulator's state; what else a schema requires is filled in by `createCompleter`. */
export function createShapes(state: State, apiUrl: string) {
  const { owner, name, serverUrl } = state;
  const repositoryUrl = `${apiUrl}/repos/${owner}/${name}`;
  const htmlUrl = `${serverUrl}/${owner}/${name}`;

  const account = ({ login, id, type }: Account) => ({
    login,
    id,
    node_id: `U_${id}`,
    type,
    url: `${apiUrl}/users/${encodeURIComponent(login)}`,
    html_url: `${serverUrl}/${type === "Bot" ? `apps/${login.replace("[bot]", "")}` : login}`,
    site_admin: false,
  });
  const ownerAccount = account({ login: owner, id: 1, type: state.ownerType });
  const repository = (of = owner) => ({
    id: of === owner ? 1 : 2,
    node_id: "R_1",
    name,
    full_name: `${of}/${name}`,
    owner: of === owner ? ownerAccount : account({ login: of, id: 2, type: "User" }),
    private: false,
    fork: of !== owner,
    url: `${apiUrl}/repos/${of}/${name}`,
    html_url: `${serverUrl}/${of}/${name}`,
    clone_url: `${serverUrl}/${of}/${name}.git`,
    default_branch: "main",
    visibility: "public",
  });
  const label = (labelName: string) => ({
    id: 1,
    node_id: "LA_1",
    name: labelName,
    color: state.labels.find((known) => known.name === labelName)?.color ?? "ededed",
    description: state.labels.find((known) => known.name === labelName)?.description ?? null,
    default: false,
    url: `${repositoryUrl}/labels/${encodeURIComponent(labelName)}`,
  });
  const issue = (of: Issue) => ({
    id: of.number,
    node_id: `I_${of.number}`,
    number: of.number,
    title: of.title,
    body: of.body,
    state: of.state,
    state_reason: of.stateReason,
    locked: false,
    user: account(of.user),
    labels: of.labels.map(label),
    comments: state.comments.filter((comment) => comment.issue === of.number).length,
    created_at: of.createdAt,
    updated_at: of.updatedAt,
    closed_at: of.closedAt,
    author_association: "NONE",
    url: `${repositoryUrl}/issues/${of.number}`,
    html_url: `${htmlUrl}/issues/${of.number}`,
    repository_url: repositoryUrl,
  });

  return {
    account,
    repository,
    issue,
    label,
    pullAsIssue: (of: Pull) => ({
      ...issue(of),
      html_url: `${htmlUrl}/pull/${of.number}`,
      pull_request: { url: `${repositoryUrl}/pulls/${of.number}`, html_url: `${htmlUrl}/pull/${of.number}` },
    }),
    comment: (of: Comment) => ({
      id: of.id,
      node_id: `IC_${of.id}`,
      body: of.body,
      user: account(of.user),
      created_at: of.createdAt,
      updated_at: of.updatedAt,
      author_association: "NONE",
      url: `${repositoryUrl}/issues/comments/${of.id}`,
      html_url: `${htmlUrl}/pull/${of.issue}#issuecomment-${of.id}`,
      issue_url: `${repositoryUrl}/issues/${of.issue}`,
      performed_via_github_app: null,
    }),
    pull: (of: Pull, baseSha: string) => {
      const { state_reason: _, comments, repository_url: __, ...shared } = issue(of);
      return {
        ...shared,
        node_id: `PR_${of.number}`,
        url: `${repositoryUrl}/pulls/${of.number}`,
        html_url: `${htmlUrl}/pull/${of.number}`,
        issue_url: `${repositoryUrl}/issues/${of.number}`,
        comments,
        merged_at: of.mergedAt,
        merged: of.mergedAt !== null,
        mergeable: of.state === "open" ? true : null,
        mergeable_state: of.state === "open" ? "clean" : "unknown",
        draft: of.isDraft,
        head: {
          label: `${of.head.owner}:${of.head.branch}`,
          ref: of.head.branch,
          sha: of.head.sha,
          repo: repository(of.head.owner),
          user: of.head.owner === owner ? ownerAccount : account({ login: of.head.owner, id: 2, type: "User" }),
        },
        base: { label: `${owner}:${of.base}`, ref: of.base, sha: baseSha, repo: repository(), user: ownerAccount },
        auto_merge: null,
      };
    },
    status: (of: Status) => ({
      id: of.id,
      node_id: `SC_${of.id}`,
      state: of.state,
      context: of.context,
      description: of.description,
      target_url: of.targetUrl,
      avatar_url: null,
      creator: account(of.creator),
      created_at: of.createdAt,
      updated_at: of.createdAt,
      url: `${repositoryUrl}/statuses/${of.sha}`,
    }),
    deployment: (of: Deployment) => ({
      id: of.id,
      node_id: `DE_${of.id}`,
      sha: of.sha,
      ref: of.ref,
      task: of.task,
      environment: of.environment,
      original_environment: of.environment,
      description: of.description,
      payload: of.payload,
      creator: account(of.creator),
      created_at: of.createdAt,
      updated_at: of.statuses.at(-1)?.createdAt ?? of.createdAt,
      url: `${repositoryUrl}/deployments/${of.id}`,
      statuses_url: `${repositoryUrl}/deployments/${of.id}/statuses`,
      repository_url: repositoryUrl,
    }),
    deploymentStatus: (of: DeploymentStatus, deployment: Deployment) => ({
      id: of.id,
      node_id: `DES_${of.id}`,
      state: of.state,
      description: of.description,
      environment: of.environment,
      ...(of.environmentUrl ? { environment_url: of.environmentUrl } : {}),
      ...(of.logUrl ? { log_url: of.logUrl, target_url: of.logUrl } : {}),
      creator: account(of.creator),
      created_at: of.createdAt,
      updated_at: of.createdAt,
      url: `${repositoryUrl}/deployments/${deployment.id}/statuses/${of.id}`,
      deployment_url: `${repositoryUrl}/deployments/${deployment.id}`,
      repository_url: repositoryUrl,
    }),
    runner: (of: Runner, id: number) => ({
      id,
      name: of.name,
      os: of.os ?? "linux",
      status: of.status ?? "online",
      busy: false,
      labels: of.labels.map((labelName, index) => ({
        id: index + 1,
        name: labelName,
        type: ["self-hosted", "linux", "x64"].includes(labelName.toLowerCase()) ? "read-only" : "custom",
      })),
    }),
    gitCommit: (of: CommitFacts) => ({
      sha: of.sha,
      node_id: `C_${of.sha}`,
      url: `${repositoryUrl}/git/commits/${of.sha}`,
      html_url: `${htmlUrl}/commit/${of.sha}`,
      author: of.author,
      committer: of.committer,
      message: of.message,
      tree: { sha: of.tree, url: `${repositoryUrl}/git/trees/${of.tree}` },
      parents: of.parents.map((sha) => parent(sha)),
      verification: verification(of.sha),
    }),
    commit: (of: CommitFacts) => ({
      sha: of.sha,
      node_id: `C_${of.sha}`,
      url: `${repositoryUrl}/commits/${of.sha}`,
      html_url: `${htmlUrl}/commit/${of.sha}`,
      comments_url: `${repositoryUrl}/commits/${of.sha}/comments`,
      commit: {
        url: `${repositoryUrl}/git/commits/${of.sha}`,
        author: of.author,
        committer: of.committer,
        message: of.message,
        tree: { sha: of.tree, url: `${repositoryUrl}/git/trees/${of.tree}` },
        comment_count: 0,
        verification: verification(of.sha),
      },
      author: of.author.name.endsWith("[bot]") ? account({ login: of.author.name, id: 3, type: "Bot" }) : null,
      committer: null,
      parents: of.parents.map((sha) => parent(sha)),
    }),
    ref: (ref: string, { sha, type }: { sha: string; type: string }) => ({
      ref,
      node_id: `REF_${ref}`,
      url: `${repositoryUrl}/git/${ref}`,
      object: { type, sha, url: `${repositoryUrl}/git/${type}s/${sha}` },
    }),
  };

  function parent(sha: string) {
    return { sha, url: `${repositoryUrl}/commits/${sha}`, html_url: `${htmlUrl}/commit/${sha}` };
  }

  function verification(sha: string) {
    const verified = state.signed.has(sha);
    return {
      verified,
      reason: verified ? "valid" : "unsigned",
      signature: verified ? "-----BEGIN PGP SIGNATURE-----" : null,
      payload: verified ? `tree of ${sha}` : null,
      verified_at: verified ? "2026-01-01T00:00:00Z" : null,
    };
  }
}

export type Shapes = ReturnType<typeof createShapes>;
