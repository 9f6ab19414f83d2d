"""Wikis of Azure DevOps: project and code wikis, in the cloud and on a server of one's own."""
