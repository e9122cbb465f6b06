"""Where a song's steps run: in this process, in processes of their own, or on Modal."""
