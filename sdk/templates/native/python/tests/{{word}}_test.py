"""Run by `mortise plugin test .`, and by `python -m pytest` or `python -m unittest` where the package mortise is found."""

import unittest

from mortise import Invalid
from mortise.testing import run_step

from {{word}} import {{class}}


class {{class}}Test(unittest.TestCase):
    def test_every_number_is_multiplied(self):
        done = run_step({{class}}, config={"factor": 10}, context={"numbers": [1, 2.5, -3]}, input="numbers")
        self.assertEqual(done.value, [10, 25.0, -30])
        self.assertEqual((done.logs[0].message, done.logs[0].fields), ("multiplied", {"numbers": 3}))

    def test_what_is_no_number_is_refused_by_its_value(self):
        with self.assertRaisesRegex(Invalid, "'two'"):
            run_step({{class}}, config={"factor": 10}, context={"numbers": [1, "two"]}, input="numbers")


if __name__ == "__main__":
    unittest.main()
