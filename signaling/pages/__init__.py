"""The pages: HTML, ES modules, style sheets and sentences, as package data; served by `signaling.app`."""
