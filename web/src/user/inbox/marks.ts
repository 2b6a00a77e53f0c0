// The steps a notification takes. The counts follow by the stream.
import { api, ask } from "../../lib/api/client";
import { putMe } from "../../lib/me";

const counted = ({ unread, unseen }: { unread: number; unseen: number }) => putMe({ unread, unseen });

/** Everything up to a place was seen. That it was not noted is no reason to bother anybody. */
export function markSeen(seq: number): void {
  ask(api.POST("/api/notifications/mark-seen", { body: { seq } })).then(counted, () => undefined);
}

export async function markRead(ids: string[]): Promise<void> {
  counted(await ask(api.POST("/api/notifications/mark-read", { body: { ids } })));
}

export async function archive(ids: string[]): Promise<void> {
  counted(await ask(api.POST("/api/notifications/archive", { body: { ids } })));
}

export async function markAllRead(): Promise<void> {
  counted(await ask(api.POST("/api/notifications/mark-all-read")));
}
