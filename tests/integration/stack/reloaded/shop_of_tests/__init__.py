"""An application that a test edits while it runs."""

from groundwork.blocks.applications import Application

application = Application(name="shop-of-tests", jobs="shop_of_tests.flows", events="shop_of_tests.events")
