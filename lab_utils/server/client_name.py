"""Whose a request is: so that one reader's many do not hold up everybody else's first.

It is a courtesy among readers who know each other, no protection: who wants more than
its share can give itself several names.
"""

from fastapi import Request

HEADER = "x-lab-client"
LONGEST = 64


def client_name(request: Request) -> str:
    """What the request says of itself (`LabClient` does), else where it comes from."""
    said = request.headers.get(HEADER, "")[:LONGEST]
    host = request.client.host if request.client is not None else ""
    return said or host
