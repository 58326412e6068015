"""Colab: a machine that forgets, made ready for a notebook by its first cell. Anywhere else nothing happens."""

from cnnproj.colab.beginning import start as start
