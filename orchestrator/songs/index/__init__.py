"""The index of a library: what pages, search, costs and quotes need of each song, kept beside the songs.

It can be deleted at any time, and is built again from the manifests, which alone are the truth.
"""
