"""The sample project of the demo as its organization has it: a database with rows, and a git repository to push to."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import boto3
import psycopg

IDENTIFIER: Final = "shop-source"
USER: Final = "shop"
DATABASE: Final = "shop"
_AUTHOR: Final = {
    "GIT_AUTHOR_NAME": "Demo", "GIT_AUTHOR_EMAIL": "demo@example.com", "GIT_COMMITTER_NAME": "Demo",
    "GIT_COMMITTER_EMAIL": "demo@example.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip


class Shop:
    """Files of `sample`; a bare repository and a clone of it below `folder`."""

    def __init__(self, sample: Path, folder: Path) -> None:
        self.sample = sample
        self.repository = folder / "shop.git"
        self.clone = folder / "shop"

    @property
    def url(self) -> str:
        """What git calls the repository."""
        return self.repository.as_uri()

    def publish(self) -> None:
        """Make the repository with the sample's files on `main`, as if its team had always had it."""
        shutil.rmtree(self.clone, ignore_errors=True)
        if not self.repository.exists():
            self.repository.parent.mkdir(parents=True, exist_ok=True)
            _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository))
        _git("clone", "--quiet", str(self.repository), str(self.clone))
        if not self._refs("refs/heads/main"):
            shutil.copytree(self.sample, self.clone, dirs_exist_ok=True)
            self._in_clone("checkout", "--quiet", "-B", "main")
            self._in_clone("add", "--all")
            self._in_clone("commit", "--quiet", "--message", "The shop's pipelines")
            self._in_clone("push", "--quiet", "origin", "main")

    def push(self, branch: str, note: str) -> str:
        """Commit a change on a branch of its own and push it; the commands as a person would type them."""
        self._in_clone("checkout", "--quiet", "-B", branch, "origin/main")
        with (self.clone / "NOTES.md").open("a", encoding="utf-8") as notes:
            notes.write(f"{note}\n")
        self._in_clone("add", "NOTES.md")
        self._in_clone("commit", "--quiet", "--message", note)
        self._in_clone("push", "--quiet", "--force", "origin", branch)
        return f"git commit -m {note!r} && git push origin {branch}"

    def delete(self, branch: str) -> str:
        """Delete a branch of the repository, if it is there."""
        if self._refs(f"refs/heads/{branch}"):
            self._in_clone("push", "--quiet", "origin", "--delete", branch)
        return f"git push origin --delete {branch}"

    def _refs(self, name: str) -> str:
        return _git("--git-dir", str(self.repository), "for-each-ref", name)

    def _in_clone(self, *arguments: str) -> None:
        _git("-C", str(self.clone), *arguments)


def source(environ: dict[str, str], password: str, seed: Path) -> dict[str, str]:
    """The shop's own database in its organization's account, with rows; the variables that lead to it.

    It is an RDS instance: on the embedded cloud, a PostgreSQL that runs.
    """
    rds = client(environ, "rds")
    try:
        rds.create_db_instance(
            DBInstanceIdentifier=IDENTIFIER, Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
            MasterUsername=USER, MasterUserPassword=password, DBName=DATABASE,
        )  # fmt: skip
    except rds.exceptions.DBInstanceAlreadyExistsFault:
        rds.modify_db_instance(DBInstanceIdentifier=IDENTIFIER, MasterUserPassword=password, ApplyImmediately=True)
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier=IDENTIFIER, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    endpoint = rds.describe_db_instances(DBInstanceIdentifier=IDENTIFIER)["DBInstances"][0]["Endpoint"]
    variables = {
        "SHOP_HOST": endpoint["Address"],
        "SHOP_PORT": str(endpoint["Port"]),
        "SHOP_USER": USER,
        "SHOP_PASSWORD": password,
        "SHOP_DATABASE": DATABASE,
    }
    execute(variables, "SHOP", seed.read_text(encoding="utf-8"))
    return variables


def execute(variables: dict[str, str], prefix: str, statement: str) -> list[tuple[Any, ...]]:
    """Run SQL on the database whose address the variables say; the rows of the last answer."""
    with psycopg.connect(
        host=variables[f"{prefix}_HOST"], port=int(variables[f"{prefix}_PORT"]), user=variables[f"{prefix}_USER"],
        password=variables[f"{prefix}_PASSWORD"], dbname=variables[f"{prefix}_DATABASE"], autocommit=True,
    ) as connection:  # fmt: skip
        answer = connection.execute(statement.encode())
        return answer.fetchall() if answer.description else []


def client(environ: dict[str, str], service: str) -> Any:
    """A boto3 client of the account that the variables lead to."""
    return boto3.client(
        service,
        region_name=environ["AWS_REGION"],
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        check=True, capture_output=True, text=True, env={**os.environ, **_AUTHOR, "GIT_TERMINAL_PROMPT": "0"},
    )  # fmt: skip
    return done.stdout.strip()
