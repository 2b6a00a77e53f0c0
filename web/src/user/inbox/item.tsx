// One notification: how much it matters, what it says, when, where it leads, and what can be done with it.
import type { ComponentChildren } from "preact";

import { Time } from "../../ui/time";
import { Icon } from "../../ui/icon";
import { alert, check, cross, info } from "../../ui/icons";
import { bodyOf, categoryOf, type Notification, titleOf } from "./words";

const LEVELS = {
  info: { icon: info, tone: "note" },
  success: { icon: check, tone: "good" },
  warning: { icon: alert, tone: "warn" },
  error: { icon: cross, tone: "bad" },
} as const;

export const isUnread = (item: Notification): boolean => item.state === "unseen" || item.state === "seen";

interface Props {
  item: Notification;
  /** Called when it is followed to where it leads. */
  onFollow(item: Notification): void;
  /** Whether only its title is shown. */
  isShort?: boolean;
  acts?: ComponentChildren;
}

export function NoticeItem({ item, onFollow, isShort = false, acts }: Props) {
  const { icon, tone } = LEVELS[item.level];
  const body = bodyOf(item);
  const title = <bdi>{titleOf(item)}</bdi>;
  return (
    <li class={isUnread(item) ? "notice-item unread" : "notice-item"}>
      <span class={`sign ${tone}`}>
        <Icon d={icon} />
      </span>
      <div class="says">
        {item.link ? (
          <a href={item.link} class="what" onClick={() => onFollow(item)}>
            {title}
          </a>
        ) : (
          <span class="what">{title}</span>
        )}
        {body && !isShort && <p dir={item.code ? undefined : "auto"}>{body}</p>}
        {!isShort && item.actions.length > 0 && (
          <p class="row">
            {item.actions.map((action) => (
              <a key={action.link} class="button small" href={action.link} onClick={() => onFollow(item)}>
                <bdi>{action.label}</bdi>
              </a>
            ))}
          </p>
        )}
        <p class="soft small">
          <bdi>{categoryOf(item.category)}</bdi> · <Time at={item.created_at} />
        </p>
      </div>
      {acts && <div class="acts">{acts}</div>}
    </li>
  );
}
