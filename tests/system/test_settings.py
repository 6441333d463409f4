"""Settings come from the environment, are bounded, and never let a protection go by accident."""

import re

import pytest

from system.settings import Settings


def test_the_defaults_are_the_playbooks() -> None:
    settings = Settings()
    assert (settings.idempotency_ttl_s, settings.agent_guard_s, settings.lease_s) == (86_400, 60.0, 300.0)
    assert settings.resend_window_s == 120.0
    assert (settings.trust_threshold, settings.probation_s) == (0.8, 7 * 86_400)
    assert settings.unsafe == ()


def test_a_value_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_TIMEOUT_S", "0.25")
    monkeypatch.setenv("LLM_API_KEY", "k")
    monkeypatch.setenv("REDIS_URL", "")
    settings = Settings.load()
    assert settings.database_timeout_s == 0.25
    assert settings.llm_api_key.get_secret_value() == "k"
    assert settings.redis_url == "redis://127.0.0.1:6379/0", "an empty variable counts as none"


@pytest.mark.parametrize("value", ["inf", "nan", "0", "-1", "1e9", "soon"])
def test_nonsense_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    monkeypatch.setenv("DATABASE_TIMEOUT_S", value)
    with pytest.raises(SystemExit) as caught:
        Settings.load()
    assert caught.value.code == 2
    assert re.fullmatch(r"settings: DATABASE_TIMEOUT_S: [^\n]+\n", capsys.readouterr().err)


def test_a_wrong_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MOTION_API_KEY", "hush" * 200)
    with pytest.raises(SystemExit):
        Settings.load()
    assert "hush" not in capsys.readouterr().err


def test_secrets_do_not_show() -> None:
    shown = repr(Settings(database_url="mysql://u:hush@h/d", redis_url="redis://:hush@h"))
    assert "hush" not in shown


def test_a_clock_is_steered_only_where_that_is_said_twice_and_it_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ALLOW_UNSAFE is no word for it, nor the other way round."""
    monkeypatch.setenv("STEERED_CLOCK", "1")
    monkeypatch.setenv("ALLOW_UNSAFE", "1")
    with pytest.raises(SystemExit) as caught:
        Settings.load()
    assert caught.value.code == 2
    assert "ALLOW_STEERED_CLOCK=1" in capsys.readouterr().err

    monkeypatch.setenv("ALLOW_STEERED_CLOCK", "1")
    assert Settings.load().unsafe == ("STEERED_CLOCK",), "what /readyz lists"
    monkeypatch.setenv("ALLOW_UNSAFE", "0")
    assert Settings.load().steered_clock
    monkeypatch.setenv("UNSAFE_NO_GROUNDING", "1")
    with pytest.raises(SystemExit):
        Settings.load()


def test_a_score_needs_no_more_signals_than_it_looks_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUST_WINDOW", "12")
    with pytest.raises(SystemExit):
        Settings.load()
    assert "TRUST_SIGNALS_MIN: expected at most TRUST_WINDOW, which is 12" in capsys.readouterr().err
    monkeypatch.setenv("TRUST_SIGNALS_MIN", "12")
    assert Settings.load().trust_window == 12


@pytest.mark.parametrize("name", ["UNSAFE_KEY_VOUCHES_ALONE", "UNSAFE_BOOKING_KEY_FROM_ROW", "UNSAFE_COUNTER_IDS"])
def test_an_unsafe_switch_needs_a_second_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SystemExit) as caught:
        Settings.load()
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert name in error
    assert "ALLOW_UNSAFE=1" in error

    monkeypatch.setenv("ALLOW_UNSAFE", "1")
    assert Settings.load().unsafe == (name,)
