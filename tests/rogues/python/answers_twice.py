"""Answers each call twice."""

from mortise import Plugin

from raw import answer


class AnswersTwice(Plugin):
    def step(self, step):
        answer(step, "first")
        return "second"
