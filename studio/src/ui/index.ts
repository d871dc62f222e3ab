/** The shared components. Import from here: `import { Button, Status } from "@/ui"`. */
export { Button, IconButton, type ButtonProps, type IconButtonProps } from "./button";
export { Choices, type ChoiceItem } from "./choices";
export { Code } from "./code";
export { Confirm, Dialog, type ConfirmProps, type DialogProps } from "./dialog";
export { Command, EmptyState, ErrorNote, Skeleton } from "./empty";
export { Checkbox, Field, Input, SearchField, Select, Switch, TextArea, type FieldProps } from "./field";
export { ago, count, duration, exactTime, exponent, fromUnix, money } from "./format";
export { JsonView } from "./json";
export { Kbd } from "./kbd";
export { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "./menu";
export { More } from "./more";
export { Card, Facts, FilterBar, PageBody, PageHeader, Section } from "./page";
export { Badge, Status, StatusIcon, lookOf, type Tone } from "./status";
export { Table, type Column, type TableProps } from "./table";
export { Tabs, type Tab } from "./tabs";
export { CopyButton, CopyId, Duration, Money, Time, copy } from "./text";
export { toast, toastError, type Toast } from "./toast-store";
export { Tooltip, TooltipProvider } from "./tooltip";
