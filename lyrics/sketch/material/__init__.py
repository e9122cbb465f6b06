"""Couplets to build lyrics from, all our own: two lines that rhyme and belong together.

A row is ``stage line / line``; stage 1 sets a scene, 2 goes further. ``{x}`` is what the song is about, ``{h}`` its
hook, and of ``(one|another)`` the wording that fits the metre is taken.
"""
