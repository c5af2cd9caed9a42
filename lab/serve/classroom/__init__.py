"""A room: visitors who enter with a code and a nickname, and their teacher."""
