import { GraphiQL } from "graphiql";
import { ToolbarButton, useEditorContext } from "@graphiql/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./explore.css";
import { AccessibleEditors, correctRoles } from "./accessible";
import { fetcherOf } from "./fetcher";
import { addressOf, readPage, type Page } from "./page";
import { fromFragment, toFragment } from "./share";
import { storageOf } from "./storage";

const page = readPage(document);
const shared = fromFragment(location.hash);
document.title = `Explore ${page.path} · Louche`;

const example = `# Ctrl-Enter runs it.
# Ctrl-Space completes it.
# The book has the schema.
{
  __typename
}
`;

function Apps({ page }: { page: Page }) {
  if (page.apps.length < 2) return <h1 className="louche-app">{page.path}</h1>;
  return (
    <h1 className="louche-app">
      <select
        aria-label="Application"
        value={page.path}
        onChange={(event) => location.assign(addressOf(event.target.value, page, location.pathname))}
      >
        {page.apps.map((app) => (
          <option key={app}>{app}</option>
        ))}
      </select>
    </h1>
  );
}

function Share() {
  const { queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const [label, setLabel] = useState("Copy a link to this operation (without headers)");
  const share = async () => {
    const fragment = toFragment({
      query: queryEditor?.getValue(),
      variables: variableEditor?.getValue(),
      operationName: queryEditor?.operationName ?? undefined,
    });
    history.replaceState(null, "", fragment);
    try {
      await navigator.clipboard.writeText(location.href);
      setLabel("The link is in the clipboard");
    } catch {
      setLabel("The link is in the address bar");
    }
  };
  return (
    <ToolbarButton label={label} onClick={() => void share()}>
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" className="graphiql-toolbar-icon" aria-hidden="true">
        <path d="M6.5 9.5l3-3M7 4.5l1.5-1.5a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7" />
      </svg>
    </ToolbarButton>
  );
}

const root = document.getElementById("root")!;
correctRoles(root);
createRoot(root).render(
  <GraphiQL
    fetcher={fetcherOf(location.pathname)}
    storage={storageOf(page.path, localStorage)}
    defaultQuery={example}
    query={shared.query}
    variables={shared.variables}
    operationName={shared.operationName}
    defaultEditorToolsVisibility
    forcedTheme="system"
  >
    <GraphiQL.Logo>
      <Apps page={page} />
    </GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <Share />
          <AccessibleEditors />
        </>
      )}
    </GraphiQL.Toolbar>
  </GraphiQL>,
);
