"""The house's look, as the figures of a project take it."""

from cnnproj.chart import BLUE as BLUE
from cnnproj.chart import GRAY as GRAY
from cnnproj.chart import GREEN as GREEN
from cnnproj.chart import INK as INK
from cnnproj.chart import ORANGE as ORANGE
from cnnproj.chart import PALE as PALE
from cnnproj.chart import SKY as SKY
from cnnproj.chart import VERMILION as VERMILION
from cnnproj.chart import WIDTH as WIDTH
from cnnproj.chart import Chart as Chart
from cnnproj.chart import colored as colored
from cnnproj.chart import house_style as house_style
from cnnproj.chart import short as short
from cnnproj.chart import show_image as show_image
from cnnproj.chart import show_strip as show_strip
