"""The screens: the only room that imports textual. `app.run` opens them."""
