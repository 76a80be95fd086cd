"""Time: follow-up, progression-free survival, duration of response; who the participants are."""
