"""Where the passphrase comes from, and which manager a stack has."""

from __future__ import annotations

import concurrent.futures
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.secrets.opening import Opener
from stackyard.secrets.passphrase import PassphraseManager

SALT = "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="


def test_the_variable_wins_even_when_empty(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("from-file\n")
    environ = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    assert Opener(environ).passphrase() == ""


def test_the_file_is_stripped(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("  from-file\n")
    assert Opener({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}).passphrase() == "from-file"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.SecretsError, match="nowhere"):
        Opener({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "nowhere")}).passphrase()


def test_without_any_the_error_says_what_to_set() -> None:
    with pytest.raises(errors.SecretsError) as caught:
        Opener({}).passphrase()
    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.hint


def test_an_embedded_estate_gets_a_passphrase_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".stackyard"
    first = Opener({}, folder).passphrase()
    assert first == Opener({}, folder).passphrase()
    assert len(first) >= 40
    assert stat.S_IMODE((folder / "passphrase").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["passphrase"]


def test_new_stacks_share_the_salt_of_the_estate() -> None:
    assert Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, salt=SALT).new().salt == SALT


def test_an_estate_without_a_salt_makes_one_once(tmp_path: Path) -> None:
    text = Opener({}, tmp_path).new().encrypt("x")
    assert Opener({}, tmp_path).new().decrypt(text) == "x"


def test_stacks_that_start_together_make_one_salt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = PassphraseManager.made

    def counted(source: Callable[[], str]) -> PassphraseManager:
        made.append(1)
        return original(source)

    monkeypatch.setattr(PassphraseManager, "made", counted)
    opener = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, tmp_path)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        salts = {manager.salt for manager in pool.map(lambda _: opener.new(), range(8))}
    assert len(salts) == len(made) == 1


def test_the_estates_salt_is_looked_for_only_when_it_is_needed() -> None:
    asked = []

    def look() -> str:
        asked.append(1)
        return SALT

    opener = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, salt=look)
    opener.from_salt(SALT)
    assert not asked
    assert opener.new().salt == opener.new().salt == SALT
    assert len(asked) == 1


def test_a_checkpoint_names_its_manager() -> None:
    opener = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"})
    manager = opener.from_provider({"type": "passphrase", "state": {"salt": SALT}})
    assert manager.decrypt(SALT.split(":", 2)[2]) == "pulumi"


def test_an_unknown_manager_is_said() -> None:
    with pytest.raises(errors.SecretsError, match="'cloud'"):
        Opener({}).from_provider({"type": "cloud", "state": {}})


def test_a_checkpoint_without_its_salt_is_said() -> None:
    with pytest.raises(errors.SecretsError, match="no salt"):
        Opener({}).from_provider({"type": "passphrase"})
