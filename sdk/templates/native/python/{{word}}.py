from mortise import Invalid, Plugin


def multiplied(numbers, factor):
    """The numbers, each multiplied by the factor."""
    if not isinstance(numbers, list):
        raise Invalid(f"expected a list of numbers, got {type(numbers).__name__}", "name one in the step's config: `input: KEY`")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise Invalid(f"expected numbers, got {number!r}", "leave it out, or make a number of it")
    return [number * factor for number in numbers]


class {{class}}(Plugin):
    def step(self, step):
        numbers = multiplied(step.input, step.config["factor"])
        step.log.info("multiplied", numbers=len(numbers))
        return numbers
