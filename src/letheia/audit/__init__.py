"""Audits: is the person gone, or only one question's answer?"""
