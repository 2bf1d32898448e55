"""Buttons that open the lessons elsewhere: Binder, a codespace, a JupyterHub."""

import re
from urllib.parse import urlencode

START = "notebooks/00-start-here.ipynb"
BRANCH = "main"

GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:)([\w.-]+)/([\w.-]+?)"
                    r"(?:\.git)?/?")


def buttons(repository: str, hub: str | None = None, branch: str = BRANCH) -> str:
    """Markdown with a link for each way in, for a README or a course's page.

    repository: its address on GitHub. hub: the address of a JupyterHub that has
    nbgitpuller; each learner gets a copy there, which the link brings up to date (see
    nbgitpuller.readthedocs.io, "Using nbgitpuller"). Raises `ValueError` for another
    kind of address.
    """
    found = GITHUB.fullmatch(repository.strip())
    if found is None:
        raise ValueError("expected the address of a repository, such as "
                         f"https://github.com/OWNER/NAME; got {repository!r}.")
    owner, name = found.groups()
    place = urlencode({"urlpath": f"lab/tree/{START}"}, safe="/")
    links = {
        "Binder": f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?{place}",
        "Codespace": f"https://codespaces.new/{owner}/{name}?quickstart=1",
    }
    if hub is not None:
        pulled = urlencode({
            "repo": f"https://github.com/{owner}/{name}", "branch": branch,
            "urlpath": f"lab/tree/{name}/{START}",
        })
        puller = f"{hub.rstrip('/')}/hub/user-redirect/git-pull"
        links["Our JupyterHub"] = f"{puller}?{pulled}"
    return "\n".join(f"[**▶ {where}**]({url})" for where, url in links.items())
