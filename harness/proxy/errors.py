"""What the API answers when it cannot do what was asked: Toxiproxy's status codes, and its words to begin with."""


class ApiError(Exception):
    """`status` is the HTTP status; the message is the `error` of the body."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    def document(self) -> dict[str, str | int]:
        """The body of the answer."""
        return {"error": self.message, "status": self.status}


def bad_request(detail: object) -> ApiError:
    return ApiError(f"bad request body: {detail}", 400)


def connection_not_found() -> ApiError:
    return ApiError("connection not found", 404)


def missing_field(field: str) -> ApiError:
    return ApiError(f"missing required field: {field}", 400)


def proxy_not_found() -> ApiError:
    return ApiError("proxy not found", 404)


def proxy_already_exists() -> ApiError:
    return ApiError("proxy already exists", 409)


def invalid_stream() -> ApiError:
    return ApiError("stream was invalid, can be either upstream or downstream", 400)


def invalid_toxic_type(kind: str, known: str) -> ApiError:
    return ApiError(f"invalid toxic type: {kind!r}; there are {known}", 400)


def toxic_already_exists() -> ApiError:
    return ApiError("toxic already exists", 409)


def toxic_not_found() -> ApiError:
    return ApiError("toxic not found", 404)
