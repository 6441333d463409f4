"""The language model behind an OpenAI-compatible endpoint, asked over an HTTP client that is passed in.

One question, one text. Whether the text is a valid answer is not judged here; whether there is one at all is: a
timeout, a broken connection, any status but 200 and a body that is no completion are an outage of the model, and say
nothing about the signal.
"""

from typing import Annotated

import httpx
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from system.outside import Party, retry_after_s
from system.resolver.prompt import request_text
from system.settings import Settings

_CONTENT_LENGTH_MAX = 1_000_000


class ModelUnavailable(Exception):
    """No answer this time; `after_s` is how long the model asked to be left alone (0: it did not say)."""

    def __init__(self, message: str, *, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.after_s = after_s


class _Message(BaseModel):
    content: Annotated[str, StringConstraints(max_length=_CONTENT_LENGTH_MAX)] | None = None
    refusal: Annotated[str, StringConstraints(max_length=_CONTENT_LENGTH_MAX)] | None = None


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1, max_length=16)]


class LanguageModel:
    """Asks for one reading of a signal; `client` is shared and stays its owner's to close."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self._party = Party(client, settings.llm_base_url, key=settings.llm_api_key, timeout_s=settings.llm_timeout_s)
        self._name = settings.llm_model

    async def read(self, raw: str) -> str:
        """What the model answers to the signal `raw`: a text, meant to be JSON. Raises ModelUnavailable."""
        body = request_text(raw, model=self._name)
        try:
            response = await self._party.ask("POST", "/chat/completions", body=body)
        except httpx.HTTPError as error:
            raise ModelUnavailable(f"{type(error).__name__}: {error}") from error
        if response.status_code != httpx.codes.OK:
            raise ModelUnavailable(f"status {response.status_code}", after_s=retry_after_s(response))
        try:
            message = _Completion.model_validate_json(response.content).choices[0].message
        except ValidationError as error:
            raise ModelUnavailable(f"no completion in the answer: {error.error_count()} defects") from error
        return message.content or message.refusal or ""
