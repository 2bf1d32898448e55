"""Ask a server whatever its own OpenAPI document allows, and what it does not.

    make fuzz                                 # minutes, with a new seed
    make fuzz FUZZ="--max-time 60 --seed 1"

Schemathesis reads `/openapi.json`, makes requests of it, right ones and wrong ones, and
checks that each is answered as the document says: by a status, a type and a body that
stand there, and never by a 500. It has an environment of its own: 31 packages, 94 MB,
for a search that no test run has time for. `tests/server/test_document.py` is the short
form.
"""

import subprocess
import sys
from pathlib import Path

from lab_utils.engine import FakeEngine
from tests.support import Served

KEY = "sesame"
CONFIG = Path(__file__).with_name("schemathesis.toml")


def main(schemathesis: str, options: list[str]) -> int:
    """Run the program `schemathesis` against a server of ours; its exit status."""
    engine = FakeEngine(["x ", "", "é"] * 3, context=10**6, name="toy")
    with Served(engine, api_key=KEY) as served:
        document = f"{served.url}/openapi.json"
        return subprocess.call([
            schemathesis, "--config-file", str(CONFIG), "run", document,
            "--url", served.url, "--header", f"Authorization: Bearer {KEY}", *options,
        ])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
