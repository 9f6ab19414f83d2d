// The mock's documentation and the answers that it gives from it.

export const DOCUMENTS = [
  {
    id: "0198-doc-start",
    title: "Getting started",
    path: ["Documentation", "Guides"],
    url: "https://docs.example.com/getting-started",
    updated_at: "2026-10-02T09:30:00Z",
    text: `# Getting started ⚡️

This page takes you from a fresh clone to the first answer in about five minutes.

## What you need

- Python 3.11 with \`venv\`
- Node 20 or newer
- No container engine and no root account

## Start the fleet

Type \`make up\`. It installs what is missing, starts the whole fleet on this machine with **embedded servers** 🚀 and waits until it is ready. At the first start it also indexes the sample documentation. When everything runs it prints the address, the login and one example question.

\`\`\`console
$ make up
  installing   ████████████████████ done
  starting     14 of 14 processes
  ready        http://localhost:8080
\`\`\`

The command stays in the foreground; Ctrl-C stops everything cleanly. With \`make up DETACH=1\` it returns as soon as the fleet is ready.

## Where the state lives

Everything a local fleet keeps is below \`ASKFLASH_HOME\`: databases, vectors, Redis, logs and process ids. Two fleets with different homes and ports run side by side.

> Deleting that folder is a fresh start.
`,
  },
  {
    id: "0198-doc-ops",
    title: "Operating a local fleet",
    path: ["Documentation", "Operations", "Running it"],
    url: "https://docs.example.com/operations",
    updated_at: "2026-09-12T16:05:00Z",
    text: `# Operating a local fleet

\`make status\` prints one line a process. \`make down\` stops a fleet that runs in the background.

## Ports

The gateway listens on port 8080; set \`ASKFLASH_PORT\` to change it. It is the only port that listens on anything but loopback, and locally that one is loopback too.

## When a worker dies

Every accepted question is a row in PostgreSQL before anything else happens. When a worker dies in the middle of an answer its lease runs out after ten seconds, another worker claims the question and writes the answer again from the beginning; readers see a reset and then the new text.
`,
  },
];

export const SENTENCES = [
  "You start AskFlash with `make up`: it installs what is missing, starts the whole fleet with embedded servers and waits until it is ready [1].",
  "\n\nNo container engine and no root account are needed, only these:\n\n- **Python 3.11** with `venv` [1]\n- **Node 20** or newer [1]",
  "\n\nThe gateway then listens on port 8080; set `ASKFLASH_PORT` to change it [2].",
  "\n\n```console\n$ make up DETACH=1\n$ make status\n```\n\nWith `DETACH=1` the command returns as soon as the fleet is ready 🚀, and `make status` prints one line a process [2].",
];

function passage(document, from, to) {
  const start = document.text.indexOf(from);
  const end = document.text.indexOf(to, start) + to.length;
  return {
    text: document.text.slice(start, end),
    start: [...document.text.slice(0, start)].length,
    end: [...document.text.slice(0, end)].length,
  };
}

function source(marker, document, from, to, score) {
  const { id, title, path, url, updated_at } = document;
  return {
    id: `0198-source-${marker}`,
    marker,
    document_id: id,
    chunk_id: `${id}-chunk-${marker}`,
    title,
    path,
    url,
    provider: "folder",
    ...passage(document, from, to),
    score,
    updated_at,
  };
}

const [start, operations] = DOCUMENTS;

export const SOURCES = [
  source(1, start, "Type `make up`", "one example question.", 0.91),
  source(2, operations, "## Ports", "loopback too.", 0.74),
  source(3, operations, "## When a worker dies", "the new text.", 0.41),
];

/** Each citation's sentence by code points, the last one unsupported so that the page can show one. */
export function citationsOf(content) {
  const ends = [...content.matchAll(/\[(\d)\]/g)];
  return ends.map((match, index) => ({
    marker: Number(match[1]),
    source_id: `0198-source-${match[1]}`,
    start: [...content.slice(0, index === 0 ? 0 : ends[index - 1].index + 4)].length,
    end: [...content.slice(0, match.index + 3)].length,
    supported: index !== ends.length - 1,
  }));
}
