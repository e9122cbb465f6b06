"""The API of ACE-Step 1.5's own server, as of github.com/ace-step/ACE-Step-1.5 (``docs/en/API.md``,
``acestep/api_server.py``): what its web pages, its DAW and its plug-in speak."""
