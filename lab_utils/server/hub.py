"""What differs on a JupyterHub: the browser is elsewhere, and others are near.

A port of loopback belongs to no user: on a machine that several share, each reaches the
servers of the others. So there a server asks for a key that is made for this process.
"""

import os
import secrets

KEY_VARIABLE = "LAB_API_KEY"


def prefix() -> str | None:
    """Where the Hub keeps this machine's Jupyter, such as `/user/ada/`; None where
    there is no Hub."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX")


def default_key() -> str | None:
    """The key that servers of this process ask for when none is named; None for none.

    On a Hub it is `LAB_API_KEY`, or a new one that is put there: `LabClient` and child
    programs find it in the environment. `LAB_API_KEY=` with nothing behind it asks for
    none, and neither does Binder, where each reader has a machine of their own.
    """
    if prefix() is None or "BINDER_LAUNCH_HOST" in os.environ:
        return None
    return os.environ.setdefault(KEY_VARIABLE, secrets.token_urlsafe(24)) or None
