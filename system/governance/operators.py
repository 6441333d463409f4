"""Who is at the console: the name that audit rows carry."""

import getpass
import os


def operator_name() -> str:
    """`OPERATOR` where it is set, else the account's name."""
    try:
        return os.environ.get("OPERATOR") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
