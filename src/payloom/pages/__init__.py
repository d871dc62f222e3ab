"""A project's pages: HTML templates with a head that says their address, who may see them and which rows they show."""
