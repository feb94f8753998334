"""The command line."""


def main() -> None:
    """Run it."""
    raise SystemExit("stackyard: no verbs yet")
