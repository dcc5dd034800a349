"""From one format of the lake to the next: a file `format_N.py` for each, and what carries them out.

Each file opens with a sentence that says what is new, and holds `CHANGES`, the changes that bring a lake of
format N - 1 there. It stays as it is for ever, whatever later formats change again.
"""
