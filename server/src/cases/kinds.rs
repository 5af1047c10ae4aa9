//! What may be wrong with a field, and where a case comes from.

use super::words::words;

words! {
    /// What is wrong: the six bans (六个严禁), 乱占耕地建房, what the law forbids on any cropland or on
    /// permanent basic farmland (永农), 撂荒, and damage to what stands on a field (R14, R17, R22).
    Kind {
        Afforestation = "afforestation" "违规占用耕地绿化造林",
        GreenCorridor = "green_corridor" "超标准建设绿色通道",
        LakeDigging = "lake_digging" "违规占用耕地挖湖造景",
        NatureReserve = "nature_reserve" "占用永久基本农田扩大自然保护地",
        Building = "building" "违规占用耕地从事非农建设",
        UnlawfulApproval = "unlawful_approval" "违法违规批地用地",
        IllegalHouse = "illegal_house" "乱占耕地建房",
        Digging = "digging" "在耕地上挖砂、采石、采矿、取土",
        Dumping = "dumping" "在耕地上堆放固体废弃物",
        Orchard = "orchard" "占用永久基本农田发展林果业",
        FishPond = "fish_pond" "占用永久基本农田挖塘养鱼",
        Nursery = "nursery" "占用永久基本农田种植苗木、草皮等破坏耕作层的植物",
        Livestock = "livestock" "占用永久基本农田新建畜禽、水产养殖设施",
        Abandoned = "abandoned" "耕地撂荒",
        Facility = "facility" "农田设施损坏",
        Sign = "sign" "保护标识牌损坏",
        Post = "post" "二维码警示桩损坏",
        Other = "other" "其他",
    }
}

words! {
    /// How grave a case is.
    Severity {
        Normal = "normal" "一般",
        Grave = "grave" "重大",
    }
}

words! {
    /// Where a case comes from (R35).
    Source {
        StateInspection = "state_inspection" "国家督察",
        RegionInspection = "region_inspection" "自治区督察",
        CityInspection = "city_inspection" "市本级督察",
        ImageryEnforcement = "imagery_enforcement" "卫片执法",
        ChangePatch = "change_patch" "变化图斑",
        Patrol = "patrol" "巡查",
        Report = "report" "举报",
        WarningPost = "warning_post" "警示桩",
        SelfCheck = "self_check" "自查",
    }
}

impl Kind {
    /// New 乱占耕地建房 meets zero tolerance: nobody below the county may close it (R22).
    pub fn severity(self) -> Severity {
        if self == Self::IllegalHouse { Severity::Grave } else { Severity::Normal }
    }

    /// What forbids it, or makes it a duty.
    pub fn article(self) -> &'static str {
        match self {
            Self::Afforestation => "国办发明电〔2020〕24号第一项",
            Self::GreenCorridor => "国办发明电〔2020〕24号第二项",
            Self::LakeDigging => "国办发明电〔2020〕24号第三项",
            Self::NatureReserve => "国办发明电〔2020〕24号第四项",
            Self::Building => "国办发明电〔2020〕24号第五项",
            Self::UnlawfulApproval => "国办发明电〔2020〕24号第六项",
            Self::IllegalHouse => "土地管理法第三十七条；乱占耕地建房“八不准”；卫政办发〔2023〕74号",
            Self::Digging | Self::Orchard | Self::FishPond => "土地管理法第三十七条",
            Self::Dumping => "基本农田保护条例第十七条",
            Self::Nursery | Self::Livestock => "自然资发〔2021〕166号",
            Self::Abandoned => "土地管理法第三十八条",
            Self::Facility | Self::Sign | Self::Post | Self::Other => "卫政办发〔2023〕74号",
        }
    }

    /// What a passer-by chooses from, in his words: few and plain.
    pub const FOR_PUBLIC: &[(Self, &str)] = &[
        (Self::IllegalHouse, "在耕地上盖房子"),
        (Self::Building, "在耕地上搞其他建设（厂房、硬化地面等）"),
        (Self::Digging, "挖砂、采石、取土"),
        (Self::Dumping, "倒垃圾、堆放杂物"),
        (Self::FishPond, "挖塘养鱼"),
        (Self::Nursery, "种树、种草皮"),
        (Self::Abandoned, "地荒着没人种"),
        (Self::Post, "警示桩损坏"),
        (Self::Sign, "标识牌损坏"),
        (Self::Other, "其他"),
    ];
}
