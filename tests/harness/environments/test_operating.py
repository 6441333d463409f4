"""One command of the operator console is run inside the environment, and its answer is read."""

from pathlib import Path

from tests.harness.environments.toys import during, made


def test_the_operator_console_answers_json_text_errors_and_is_ended_when_it_hangs(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def operate() -> None:
        good = await environment.operate(["recover", "--all"])
        assert good.exit_code == 0
        assert good.document == {
            "words": ["recover", "--all", "--json"],
            "store": "{}:{}".format(*environment.address("redis")),
            "switch": None,
        }
        chat = await environment.operate(["chat"])
        assert (chat.output, chat.document) == ("not json\n", None)
        bad = await environment.operate(["fail"])
        assert (bad.exit_code, bad.errors) == (3, "no such thing\n")
        hung = await environment.operate(["hang"], limit_s=0.5)
        assert hung.exit_code == -9
        assert "still ran after 0.5 s" in hung.errors

    during(environment, operate)
