"""Which APIs of other services this one answers to, beside its own (``orchestrator.compat``)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class DoorSettings(BaseModel):
    """Which APIs of other services are answered.

    All are on: each wants the service's token as every other path does, and is imported at the first request
    for it. A door that is off answers 404, as a path that never was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suno: bool = True
    """suno-api's, under ``/suno``."""
    acestep: bool = True
    """ACE-Step's own REST server's, under ``/acestep``."""
    chat: bool = True
    """OpenAI's: ``/v1/chat/completions`` with audio, ``/v1/models`` and ``/v1/audio/speech``."""
    elevenlabs: bool = True
    """ElevenLabs' ``/v1/music``."""
    mcp: bool = True
    """Songwright as tools of an agent, by the Model Context Protocol at ``/mcp``."""
    without_token: bool = False
    """Whether ``/suno`` and ``/acestep`` answer requests without a token, as the services whose clients send
    none: everyone who reaches the service can then make songs there, and hear all that it has."""
    rights: Literal["", "mine", "licensed", "public-domain"] = ""
    """Why the recordings that come through ``/acestep`` may be used, where the request does not say it: your
    word for all of them, which the manifest of each song made from them keeps. Empty: such a request is
    refused."""

    @property
    def open_to_all(self) -> str:
        """What ``without_token`` means, in a sentence for whoever starts the service; empty if it is off."""
        doors = {"/suno": self.suno, "/acestep": self.acestep}
        named = " and ".join(name for name, is_on in doors.items() if is_on)
        if not self.without_token or not named:
            return ""
        return (
            f"Whoever reaches this address makes songs by {named} without a token, and hears all there are."
        )
