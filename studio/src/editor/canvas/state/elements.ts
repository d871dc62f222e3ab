/** The elements of the canvas by the key of their item, so that one of them can take the keyboard focus. */
import { type RefCallback, useCallback } from "react";

const elements = new Map<string, HTMLElement>();

/** A ref for the element that takes the focus when the item with this key does. */
export function useElement(key: string): RefCallback<HTMLElement> {
  return useCallback(
    (element) => {
      if (element === null) return;
      elements.set(key, element);
      return () => {
        if (elements.get(key) === element) elements.delete(key);
      };
    },
    [key],
  );
}

/** Whether the canvas shows the item with this key. */
export function hasElement(key: string): boolean {
  return elements.has(key);
}

/** Give the item with this key the keyboard focus, if the canvas shows it. */
export function focusElement(key: string): void {
  elements.get(key)?.focus({ preventScroll: true });
}
