"""The pages of a room: the entry, the teacher's page, and what a visitor's page hears of both."""
