"""What an answer is worth: unlearning success, alignment with the picture, judges and aftermaths, with intervals."""
