"""ElevenLabs' ``/v1/music``, for the clients that speak it: a song as bytes."""
