const NAMES: Record<string, string> = {
  azure_devops_wiki: "Azure DevOps wiki",
  confluence: "Confluence",
  notion: "Notion",
  git: "Git repository",
  folder: "Folder",
  upload: "Uploaded files",
};

/** A kind of source in words. */
export function sourceTypeName(type: string): string {
  return NAMES[type] ?? type;
}
