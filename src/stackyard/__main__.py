"""The `stackyard` command."""


def main() -> None:
    """Run the command line."""
    from stackyard.cli import main as cli  # lazy: importing stackyard.__main__ must cost nothing

    cli.main()


if __name__ == "__main__":
    main()
