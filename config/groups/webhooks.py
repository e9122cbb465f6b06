"""How the service calls back when a song has ended."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr


class WebhookSettings(BaseModel):
    """How the service calls back when a song has ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr = SecretStr("")
    """Signs each call; empty: a new one is kept in ``.songwright/webhook-secret``."""
    allow_private: bool = False
    """Whether it may call addresses of private networks and of this machine."""

    @property
    def chosen_secret(self) -> str:
        """The secret without the blanks and the byte order mark of a pasted one; empty: none was set."""
        return self.secret.get_secret_value().strip().strip("\ufeff")
