"""Lines for lyrics, all written for this project, as text files that are read once.

``frames.txt`` and ``chorus.txt`` have lines for any subject. ``{x}`` is the subject, ``<is|are>`` agrees with it, ``{it}``,
``{they}`` and ``{its}`` are its pronouns; ``{am}`` is "I'm leaving home", ``{s}`` a sentence about the subject, ``{thing}``
and ``{place}`` come from the song's field. ``(one|another)`` offers wordings, of which one that fits the metre is
taken. The other files have the fields: see ``fields``."""
