// Who is who: the trail keeps identifiers, because accounts change their addresses; people know addresses.
import { useEffect, useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";

/** Accounts that were asked for, for as long as the page lives; a list shows few different ones. */
const asked = new Map<string, Promise<string | undefined>>();

function emailOf(id: string): Promise<string | undefined> {
  const found =
    asked.get(id) ??
    ask(api.GET("/api/admin/users/{id}", { params: { path: { id } } })).then(
      ({ email }) => email,
      () => undefined,
    );
  asked.set(id, found);
  return found;
}

/** The address of an account; nothing until it is known, and for one that is deleted. */
export function useEmail(id: string): string | undefined {
  const [email, setEmail] = useState<string>();
  useEffect(() => {
    let isWanted = true;
    void emailOf(id).then((found) => isWanted && setEmail(found));
    return () => {
      isWanted = false;
    };
  }, [id]);
  return email;
}
