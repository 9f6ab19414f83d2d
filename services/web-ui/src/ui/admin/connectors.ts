import type { NewSource } from "../../api/types";

/** One thing that a type of source wants to know. */
export interface Field {
  name: string;
  label: string;
  placeholder?: string;
  /** Several values, separated by commas. */
  list?: boolean;
  optional?: boolean;
  /** Sent as a credential: it is never shown again. */
  secret?: boolean;
  /** Sent among the credentials, but shown while it is typed, such as an e-mail address. */
  credential?: boolean;
}

/** What each type of source is connected with; what is rarer is set through the API. */
export const CONNECTORS: Record<string, Field[]> = {
  azure_devops_wiki: [
    { name: "organization_url", label: "Organization", placeholder: "https://dev.azure.com/acme" },
    { name: "project", label: "Project" },
    { name: "wikis", label: "Wikis", placeholder: "all of the project", list: true, optional: true },
    { name: "pat", label: "Personal access token (Wiki and Code, read)", secret: true },
  ],
  confluence: [
    { name: "base_url", label: "Address", placeholder: "https://acme.atlassian.net" },
    {
      name: "spaces",
      label: "Space keys",
      placeholder: "all that the account sees",
      list: true,
      optional: true,
    },
    { name: "email", label: "E-mail (Cloud)", credential: true, optional: true },
    { name: "api_token", label: "API token (Cloud)", secret: true, optional: true },
    { name: "token", label: "Personal access token (Data Center)", secret: true, optional: true },
  ],
  notion: [{ name: "token", label: "Integration token", secret: true }],
  git: [
    { name: "url", label: "Repository", placeholder: "https://git.example.com/team/handbook.git" },
    { name: "branch", label: "Branch", placeholder: "the default one", optional: true },
    { name: "subfolder", label: "Folder in it", placeholder: "all of it", optional: true },
    { name: "username", label: "User name", credential: true, optional: true },
    { name: "token", label: "Token", secret: true, optional: true },
  ],
  folder: [{ name: "path", label: "Folder on the server", placeholder: "/srv/handbook" }],
  upload: [],
};

/** A form's values as the API takes them: empty ones are left out. */
export function newSource(type: string, values: ReadonlyMap<string, string>): NewSource {
  const said = (name: string): string => values.get(name)?.trim() ?? "";
  const config: Record<string, string | string[]> = {};
  const credentials: Record<string, string> = {};
  for (const field of CONNECTORS[type] ?? []) {
    const value = said(field.name);
    if (value === "") continue;
    if (isCredential(field)) credentials[field.name] = value;
    else config[field.name] = field.list === true ? separated(value) : value;
  }
  return {
    type,
    name: said("name"),
    groups: separated(said("groups")),
    schedule: said("schedule") || null,
    config,
    credentials: Object.keys(credentials).length === 0 ? null : credentials,
  };
}

function isCredential(field: Field): boolean {
  return field.secret === true || field.credential === true;
}

/** What stands between commas. */
export function separated(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
